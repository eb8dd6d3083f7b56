"""A `remote_store` backend for S3 that needs boto3 and nothing else."""

from rsconform_s3.backend import S3Boto3Backend
from rsconform_s3.writes import TransferSizes

__all__ = ["S3Boto3Backend", "TransferSizes"]
