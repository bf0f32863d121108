"""Training of the starter music model on pieces that a rule-based composer writes."""
