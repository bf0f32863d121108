"""The batch dialog: pages of options, the table of rows, the preview."""
