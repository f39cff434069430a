import pytest


@pytest.mark.django_db
def test_the_front_page_opens(client):
    assert client.get("/").status_code == 200
