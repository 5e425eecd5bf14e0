"""What the pages share: language, middleware, log lines, search, long lists."""
