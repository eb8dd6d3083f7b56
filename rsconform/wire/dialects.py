"""What a server calls its requests, what of them may be kept, and how it words an error."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, Protocol
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

Headers = Mapping[str, str]

# Never a header that is not named here: signatures, tokens and cookies have many names.
_KEPT: Final = frozenset(
    {
        "content-encoding", "content-length", "content-md5", "content-type", "expect", "if-match", "if-modified-since",
        "if-none-match", "if-unmodified-since", "range", "transfer-encoding",
    }
)  # fmt: skip
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Dialect(Protocol):
    """How one kind of server speaks HTTP."""

    parameters: Collection[str]  # Query parameters that are kept: those that say what the request is for.

    def kind(self, method: str, path: str, query: Mapping[str, str], headers: Headers) -> str:
        """Return the server's name for a request."""

    def keeps(self, header: str) -> bool:
        """Return whether a header, in lower case, is kept in the record."""

    def error(self, code: str, path: str, region: str | None) -> tuple[Headers, bytes]:
        """Return the headers and the body of a reply that holds an error."""

    def errors(self, codes: Mapping[str, str]) -> tuple[Headers, bytes]:
        """Return the headers and the body of a success in which some keys failed."""


class HTTP:
    """Any server: requests are known by their method, and errors are plain text."""

    parameters: Collection[str] = ()

    def kind(self, method: str, path: str, query: Mapping[str, str], headers: Headers) -> str:  # noqa: ARG002
        """Return the method."""
        return method

    def keeps(self, header: str) -> bool:
        """Return whether a header is about ranges, conditions, lengths or checksums."""
        return header in _KEPT

    def error(self, code: str, path: str, region: str | None) -> tuple[Headers, bytes]:  # noqa: ARG002
        """Return the code as text."""
        return {"content-type": "text/plain"}, code.encode()

    def errors(self, codes: Mapping[str, str]) -> tuple[Headers, bytes]:
        """Return a line for each key."""
        return {"content-type": "text/plain"}, "\n".join(f"{key}: {code}" for key, code in codes.items()).encode()


class S3(HTTP):
    """S3 with the bucket in the path."""

    # Presigned requests carry their credentials in parameters; none of those is among them.
    parameters: Collection[str] = frozenset(
        {
            "attributes", "continuation-token", "delete", "delimiter", "encoding-type", "list-type", "location",
            "marker", "max-keys", "partNumber", "prefix", "start-after", "tagging", "uploadId", "uploads", "versioning",
            "versions",
        }
    )  # fmt: skip

    def kind(self, method: str, path: str, query: Mapping[str, str], headers: Headers) -> str:
        """Return the S3 operation; the method for one that has no name here."""
        bucket, _, key = path.lstrip("/").partition("/")
        if not bucket:
            return "ListBuckets" if method == "GET" else method
        table = _ON_OBJECTS if key else _ON_BUCKETS
        copies = "x-amz-copy-source" in headers
        for name, marks, copying, operation in table:
            if name == method and copying == copies and all(mark in query for mark in marks):
                return operation
        return method

    def keeps(self, header: str) -> bool:
        """Return whether a header is about ranges, conditions, checksums, copies or metadata."""
        return super().keeps(header) or header.startswith(_AMZ_KEPT)

    def error(self, code: str, path: str, region: str | None) -> tuple[Headers, bytes]:
        """Return the error as S3 words it."""
        text = (
            f"{_XML}<Error><Code>{escape(code)}</Code><Message>said by the wire</Message>"
            f"<Resource>{escape(unquote(path))}</Resource><RequestId>0</RequestId></Error>"
        )
        where = {"x-amz-bucket-region": region} if region else {}
        return {"content-type": "application/xml", **where}, text.encode()

    def errors(self, codes: Mapping[str, str]) -> tuple[Headers, bytes]:
        """Return what DeleteObjects could not delete."""
        failed = "".join(
            f"<Error><Key>{escape(key)}</Key><Code>{escape(code)}</Code><Message>said by the wire</Message></Error>"
            for key, code in codes.items()
        )
        text = f'{_XML}<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{failed}</DeleteResult>'
        return {"content-type": "application/xml"}, text.encode()


_AMZ_KEPT: Final = (
    "x-amz-checksum-", "x-amz-copy-source", "x-amz-decoded-content-length", "x-amz-meta-", "x-amz-metadata-directive",
    "x-amz-sdk-checksum-algorithm", "x-amz-storage-class", "x-amz-trailer",
)  # fmt: skip

# Method, parameters that must be there, whether it copies, operation: the most particular first.
_Rows = tuple[tuple[str, tuple[str, ...], bool, str], ...]
_ON_OBJECTS: Final[_Rows] = (
    ("HEAD", (), False, "HeadObject"),
    ("GET", ("uploadId",), False, "ListParts"),
    ("GET", ("attributes",), False, "GetObjectAttributes"),
    ("GET", ("tagging",), False, "GetObjectTagging"),
    ("GET", (), False, "GetObject"),
    ("PUT", ("uploadId",), True, "UploadPartCopy"),
    ("PUT", ("uploadId",), False, "UploadPart"),
    ("PUT", (), True, "CopyObject"),
    ("PUT", ("tagging",), False, "PutObjectTagging"),
    ("PUT", (), False, "PutObject"),
    ("POST", ("uploads",), False, "CreateMultipartUpload"),
    ("POST", ("uploadId",), False, "CompleteMultipartUpload"),
    ("DELETE", ("uploadId",), False, "AbortMultipartUpload"),
    ("DELETE", ("tagging",), False, "DeleteObjectTagging"),
    ("DELETE", (), False, "DeleteObject"),
)
_ON_BUCKETS: Final[_Rows] = (
    ("HEAD", (), False, "HeadBucket"),
    ("GET", ("list-type",), False, "ListObjectsV2"),
    ("GET", ("uploads",), False, "ListMultipartUploads"),
    ("GET", ("versions",), False, "ListObjectVersions"),
    ("GET", ("location",), False, "GetBucketLocation"),
    ("GET", ("versioning",), False, "GetBucketVersioning"),
    ("GET", (), False, "ListObjects"),
    ("PUT", (), False, "CreateBucket"),
    ("POST", ("delete",), False, "DeleteObjects"),
    ("DELETE", (), False, "DeleteBucket"),
)


def query_of(target: str) -> tuple[str, dict[str, str]]:
    """Return the path of a request's target, as sent, and its parameters."""
    path, _, query = target.partition("?")
    return path, dict(parse_qsl(query, keep_blank_values=True))
