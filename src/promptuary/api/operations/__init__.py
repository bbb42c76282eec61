"""Endpoints for operators: health, readiness and metrics."""
