"""What each agency writes down of the country: one module a source, a function from the country to the rows of its delivery."""
