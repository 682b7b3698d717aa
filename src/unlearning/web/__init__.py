"""Pages for people who do not code: what is served, what was asked, and the buttons that go with it."""
