"""`python -m rsconform`."""

from rsconform.cli import main

main()
