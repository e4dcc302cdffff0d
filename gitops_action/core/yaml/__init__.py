"""Byte-exact reading and editing of YAML and JSON.

`parse` gives nodes that know their exact place, `find` the scalar a path names, and `apply`
replaces spans of bytes and proves that nothing but the plan has changed.
"""
