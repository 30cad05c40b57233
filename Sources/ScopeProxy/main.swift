print("scopeproxy")
