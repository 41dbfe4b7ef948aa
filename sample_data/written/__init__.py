"""What each agency writes down of the country: functions from the country to the rows of a delivery."""
