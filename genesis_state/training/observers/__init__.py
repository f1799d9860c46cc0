"""What watches a run: the base class `Observer`, and those that gather, log and show."""
