"""The keys that tables of a family file may have, and the requests that faults and counts can name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

FAMILY_KEYS: Final = ("id", "title", "contract", "source", "prefix", "common")
AXIOM_KEYS: Final = (
    "id", "title", "level", "statement", "source", "requires", "since", "same_as", "surface", "note", "untestable",
    "invariant", "case",
)  # fmt: skip
CASE_KEYS: Final = (
    "name", "requires", "lacks", "traits", "needs", "matrix", "given", "steps", "then", "probe", "args", "fresh",
    "since", "breaks",
)  # fmt: skip
# What a step may say beside the arguments of its operation.
STEP_KEYS: Final = (
    "op", "on", "with", "args", "to", "attribute", "as", "drain", "returns", "reads", "paths", "raises", "or_raises",
    "error", "at", "requests", "memory", "within", "fault",
)  # fmt: skip
THEN_KEYS: Final = ("tree", "unchanged", "folders", "residue", "any_of")
PHASES: Final = ("call", "enter", "body", "first", "drain", "exit")
MATCHERS: Final = (
    "not", "any_of", "type", "ge", "le", "len", "has", "lacks", "starts", "near", "digest_of", "each", "equals", "is",
)  # fmt: skip
IS_PREDICATES: Final = ("root", "nonempty", "aware", "unknown_time")
SOURCE_KEYS: Final = ("stream", "fails_after", "chunk", "seekable", "position", "only_read", "as")
FAULT_KEYS: Final = (
    "on", "nth", "times", "after", "status", "code", "errors", "region", "refuse", "reset", "cut", "lost", "garbage",
    "delay", "slow",
)  # fmt: skip

# What a fault can be about, and what is counted: HTTP methods everywhere, and on the S3 lanes its operations.
METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
S3_REQUESTS: Final[Mapping[str, str]] = {
    "AbortMultipartUpload": "DELETE",
    "CompleteMultipartUpload": "POST",
    "CopyObject": "PUT",
    "CreateBucket": "PUT",
    "CreateMultipartUpload": "POST",
    "DeleteBucket": "DELETE",
    "DeleteObject": "DELETE",
    "DeleteObjectTagging": "DELETE",
    "DeleteObjects": "POST",
    "GetBucketLocation": "GET",
    "GetBucketVersioning": "GET",
    "GetObject": "GET",
    "GetObjectAttributes": "GET",
    "GetObjectTagging": "GET",
    "HeadBucket": "HEAD",
    "HeadObject": "HEAD",
    "ListBuckets": "GET",
    "ListMultipartUploads": "GET",
    "ListObjectVersions": "GET",
    "ListObjects": "GET",
    "ListObjectsV2": "GET",
    "ListParts": "GET",
    "PutObject": "PUT",
    "PutObjectTagging": "PUT",
    "UploadPart": "PUT",
    "UploadPartCopy": "PUT",
}
REQUESTS: Final = (*METHODS, *S3_REQUESTS)
TOTAL: Final = "total"  # In `requests`: of all kinds together.
