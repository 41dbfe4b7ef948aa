"""A synthetic country: deliveries of all eight sources to the data contract, and the truth behind them. Invented."""
