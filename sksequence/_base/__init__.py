"""What the public estimators are made of."""
