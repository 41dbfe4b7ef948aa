"""`ct18 link`: the engine on any data (contract §5)."""
