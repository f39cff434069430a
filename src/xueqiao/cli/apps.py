from django.apps import AppConfig


class CliConfig(AppConfig):
    name = "xueqiao.cli"
    label = "cli"
