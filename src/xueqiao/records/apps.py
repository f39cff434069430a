from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "xueqiao.records"
    label = "records"
