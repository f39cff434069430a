from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "xueqiao.people"
    label = "people"
