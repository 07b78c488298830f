"""Sampling rules, and the targets that SDKs are given by them."""
