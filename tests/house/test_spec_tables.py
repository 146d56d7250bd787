from tests.house.spec_tables import KINDS, SCHEMAS, kinds_page, schemas_page


def test_pages_of_tables_are_those_of_the_data():
    """The pages that an outside implementer reads say what the data files say."""
    assert KINDS.read_text("utf-8") == kinds_page()
    assert SCHEMAS.read_text("utf-8") == schemas_page()
