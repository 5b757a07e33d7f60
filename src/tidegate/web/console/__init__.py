"""The console: server-rendered pages for operator, desk and tenant, kept current by fragments."""
