"""Addresses of the receiver."""

from django.urls import path

from connector.webhooks import views

urlpatterns = [path("hooks/<str:path>/", views.hook, name="hook")]
