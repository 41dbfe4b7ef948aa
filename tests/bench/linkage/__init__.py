"""What `ct18 link` costs and finds, beside a peer on the same files."""
