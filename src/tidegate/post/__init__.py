"""What leaves the house: webhooks and e-mail."""

from tidegate.post.hooks import HttpSender
from tidegate.post.mail import Mailer, MailServer

__all__ = ["HttpSender", "MailServer", "Mailer"]
