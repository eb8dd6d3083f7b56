"""What a backend is: its class, its signatures, the capabilities and the posture that it declares."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from remote_store import CapabilitySet

from rsconform.lanes.async_facade import class_of, contract_of, native_of
from rsconform.probes import ProbeContext, probe
from rsconform.probes.operations._wording import DUTIES
from rsconform.probes.operations.secret_logs import shows_secret

_MISSING = object()


@probe("operations.is_backend", surface="sync")
def is_backend(context: ProbeContext) -> None:
    """The object under test is a Backend."""
    native, contract = native_of(context.backend), contract_of(context.backend)
    if not isinstance(native, contract):
        context.fail(f"an instance of {_name(contract)}", f"an instance of {_name(type(native))}")


@probe("operations.no_abstract_methods", surface="sync")
def no_abstract_methods(context: ProbeContext) -> None:
    """The class leaves no abstract member of Backend open, not even as one that is marked abstract again."""
    cls = class_of(context.backend)
    open_members = [
        name
        for name in sorted(getattr(contract_of(context.backend), "__abstractmethods__", ()))
        if getattr(getattr(cls, name, None), "__isabstractmethod__", not hasattr(cls, name))
    ]
    if open_members:
        context.fail(f"every abstract member implemented by {_name(cls)}", f"left open: {', '.join(open_members)}")


@probe("operations.signatures")
def signatures(context: ProbeContext) -> None:
    """Overrides accept what the methods of the contract accept: names, order and defaults; annotations do not count."""
    cls = class_of(context.backend)
    contract = contract_of(context.backend)
    wrong = [problem for name in _methods(contract) for problem in _differences(cls, contract, name)]
    if wrong:
        context.fail("overrides that accept the parameters of Backend's methods", "; ".join(wrong[:5]))


def _methods(contract: type) -> Iterator[str]:
    for name, member in vars(contract).items():
        if not name.startswith("_") and inspect.isfunction(member):
            yield name


def _differences(cls: type, contract: type, name: str) -> Iterator[str]:
    """Yield how an override's parameters differ from those of the method it overrides."""
    override = inspect.getattr_static(cls, name, None)
    base = inspect.getattr_static(contract, name)
    if override is base or not callable(getattr(cls, name, None)):
        return
    try:
        given = inspect.signature(getattr(cls, name)).parameters
    except (TypeError, ValueError):  # Made in C or by a decorator that hides it: nothing to be seen.
        return
    takes_any = {parameter.kind for parameter in given.values()}
    if inspect.Parameter.VAR_KEYWORD in takes_any:  # What it forwards is for the cases of the operation.
        return
    # The first parameter of a plain function is self, whatever it is called.
    owed = list(inspect.signature(base).parameters.values())[1:]
    has_self = not isinstance(override, staticmethod | classmethod)
    found = list(given.values())[1 if has_self else 0 :]
    for place, parameter in enumerate(owed):
        own = given.get(parameter.name)
        if own is None:
            yield f"{name}() has no parameter {parameter.name!r}"
        elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD and (place >= len(found) or found[place] is not own):
            yield f"{name}() has the parameter {parameter.name!r} at another place"
        elif parameter.default is not parameter.empty and own.default != parameter.default:
            shown = "none" if own.default is own.empty else repr(own.default)
            yield f"{name}({parameter.name}) has the default {shown}, not {parameter.default!r}"
    names = {parameter.name for parameter in owed}
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for parameter in found:
        if parameter.name not in names and parameter.default is parameter.empty and parameter.kind not in variadic:
            yield f"{name}() demands a parameter {parameter.name!r} of its own"


@probe("operations.class_capabilities")
def class_capabilities(context: ProbeContext) -> None:
    """CAPABILITIES of the class is a CapabilitySet that is not empty."""
    declared = getattr(class_of(context.backend), "CAPABILITIES", _MISSING)
    if not isinstance(declared, CapabilitySet) or not list(declared):
        shown = "nothing" if declared is _MISSING else repr(declared)
        context.fail("CAPABILITIES on the class, a CapabilitySet with members", shown)


@probe("operations.capability_subset")
def capability_subset(context: ProbeContext) -> None:
    """The instance declares no capability that its class lacks."""
    declared = getattr(class_of(context.backend), "CAPABILITIES", ())
    instance = context.call("capabilities", lambda: set(context.backend.capabilities))
    beyond = sorted(capability.name for capability in instance - set(declared))
    if beyond:
        context.fail("only capabilities of the class", f"the instance adds {', '.join(beyond)}")


@probe("operations.close_posture")
def close_posture(context: ProbeContext) -> None:
    """close_is_terminal is a bool on the class."""
    posture = getattr(class_of(context.backend), "close_is_terminal", _MISSING)
    if type(posture) is not bool:
        shown = "nothing" if posture is _MISSING else f"{posture!r} ({type(posture).__name__})"
        context.fail("close_is_terminal on the class, a bool", shown)


@probe("operations.secret_free_repr")
def secret_free_repr(context: ProbeContext) -> None:
    """Neither repr nor str of the backend contains a secret that the lane fixture declared."""
    if not context.subject.secrets:
        context.skip("a secret that the lane declares")
    shown = {way.__name__: context.call(way.__name__, way, context.backend) for way in (repr, str)}
    for way, text in shown.items():
        if shows_secret(text, context.subject.secrets):
            context.fail(f"no declared secret in {way}(backend)", "one of them is in it")


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


@probe("operations.docstring_says")
def docstring_says(context: ProbeContext, what: str) -> None:
    """The docstring of the class, or the one it inherits below the contract, says what its users have to know."""
    cls = class_of(context.backend)
    own = cls.__mro__[: cls.__mro__.index(contract_of(context.backend))]
    text = " ".join(next((str(kind.__doc__) for kind in own if vars(kind).get("__doc__")), "").split())
    for duty in DUTIES[what]:
        wrong = duty.unmet_by(text)
        if wrong is not None:
            context.fail(f"a docstring of {_name(cls)} that says {duty.said}", wrong)
