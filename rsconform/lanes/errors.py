"""What an error of a backend counts as."""

from __future__ import annotations

import remote_store as rs


def counted_as(error: BaseException) -> type[BaseException]:
    """Return the class of remote_store's that an error is one of, else its own class.

    A backend may raise classes of its own: whoever catches NotFound catches them too. What is two of remote_store's at
    once is neither, as none of them inherits from another (ERR-008).
    """
    ours = [cls for cls in type(error).__mro__ if cls is not rs.RemoteStoreError and _is_ours(cls)]
    return ours[0] if len(ours) == 1 else type(error)


def _is_ours(cls: type) -> bool:
    return issubclass(cls, rs.RemoteStoreError) and getattr(rs, cls.__name__, None) is cls
