from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "xueqiao.intake"
    label = "intake"
