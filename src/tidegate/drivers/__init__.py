"""What makes decisions true: drivers of clusters."""
