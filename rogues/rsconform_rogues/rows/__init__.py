"""The rows of the table, family by family."""

from __future__ import annotations
