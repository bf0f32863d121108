"""What a batch leaves when it is over: report, collected texts, contact sheet."""
