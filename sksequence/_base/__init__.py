"""Base classes and building blocks of the public estimators."""
