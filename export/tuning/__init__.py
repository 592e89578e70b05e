"""Which equal rewrite of each block is cheapest on one core: built, proven, measured, chosen."""
