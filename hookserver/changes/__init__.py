"""Computes the effects of changed settings; touches neither Docker nor Nginx nor the database."""
