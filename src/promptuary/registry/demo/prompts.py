"""All prompts of the demo project."""

from promptuary.registry.demo.assistant_prompts import CODE_REVIEW, MATHS_TUTOR, PRODUCT_DESCRIPTION, TRAVEL_AGENT
from promptuary.registry.demo.knowledge_prompts import MEETING_SUMMARY, RAG_ANSWER, SQL_GENERATOR, TRANSLATION
from promptuary.registry.demo.shared_prompts import COMPLAINT_REPLY, SAFETY_RULES, TONE_OF_VOICE
from promptuary.registry.demo.support_prompts import MODERATION_RUBRIC, ONBOARDING_EMAIL, SUPPORT_REPLY, TICKET_CLASSIFIER

PROMPTS = (
    SUPPORT_REPLY,
    TICKET_CLASSIFIER,
    RAG_ANSWER,
    MODERATION_RUBRIC,
    CODE_REVIEW,
    SQL_GENERATOR,
    MEETING_SUMMARY,
    TRAVEL_AGENT,
    TRANSLATION,
    ONBOARDING_EMAIL,
    MATHS_TUTOR,
    PRODUCT_DESCRIPTION,
    TONE_OF_VOICE,
    SAFETY_RULES,
    COMPLAINT_REPLY,
)
