"""What the two locust files share.

The package is called `pulso` and not `locust`, and its folder has no `__init__.py` above it, so that `import locust`
always finds the installed Locust, whether a script is run from the repository's root or from this folder.
"""
