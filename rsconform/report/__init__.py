"""Outcomes become verdicts, a grade and an exit code; one model, many writers. Everything comes from the journal."""
