from django.apps import AppConfig


class CreditbankConfig(AppConfig):
    name = "xueqiao.creditbank"
    label = "creditbank"
