"""Output of a finished batch: report, collected texts, contact sheet."""
