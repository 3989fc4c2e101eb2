"""Deployment of fitted estimators: streams, numpy alone, ONNX files."""
