"""The networks and the BEGAN that trains them."""
