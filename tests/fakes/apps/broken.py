"""An application that cannot be imported."""
raise RuntimeError("the database of this application is away")
