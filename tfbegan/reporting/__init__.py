"""Pages and charts that need nothing from outside."""
