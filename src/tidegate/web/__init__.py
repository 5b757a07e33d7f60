"""Pages and charts, with nothing loaded from elsewhere."""
