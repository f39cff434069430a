"""Communication 2.8: what the store says of itself."""

from tests.conformance.requirement import requirement


@requirement("XAPI-00315", "about answers")
@requirement("XAPI-00318", "a list of texts")
@requirement("XAPI-00319", "200 with a version")
def test_about_names_versions_to_anybody(lrs):
    answer = lrs.get("about", headers={"Authorization": None, "X-Experience-API-Version": None})
    assert answer.status_code == 200
    named = answer.json()["version"]
    assert named
    assert all(isinstance(each, str) for each in named)
