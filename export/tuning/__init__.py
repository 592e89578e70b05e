"""Which equal form of each block is the cheapest on one core: built, proven, measured, chosen."""
