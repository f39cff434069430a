"""Tables of the catalogue: schools, teachers, disciplines, concepts, courses."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class School(models.Model):
    """A body that publishes courses, under the code that its platform gives it."""

    code = models.CharField(max_length=40, unique=True, help_text="as in the course id: TsinghuaX")
    name = models.CharField(max_length=120, help_text="the code where no name is known")


class Teacher(models.Model):
    """A teacher as a school names one. Equal names at one school are taken as one teacher."""

    school = models.ForeignKey(School, models.PROTECT, related_name="teachers")
    name = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(name="teacher_once", fields=["school", "name"])]


class Discipline(models.Model):
    """A field of knowledge, such as 数学."""

    name = models.CharField(max_length=40, unique=True)


class Concept(models.Model):
    """A term of one or more disciplines that a course may teach, such as 线性方程组."""

    name = models.CharField(max_length=40, unique=True)
    disciplines = models.ManyToManyField(Discipline, related_name="concepts")
    course_count = models.PositiveIntegerField(default=0, help_text="courses that name it")


class Prerequisite(models.Model):
    """``concept`` is easier to learn once ``needs`` is known. The pair is the source's."""

    concept = models.ForeignKey(Concept, models.PROTECT, related_name="needs")
    needs = models.ForeignKey(Concept, models.PROTECT, related_name="needed_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="prerequisite_once", fields=["concept", "needs"])
        ]


class TitleSource(models.TextChoices):
    """Where a course's title comes from; a derived one is shown as derived."""

    GIVEN = "given", _("Given by the provider")
    BOOK_MARKS = "book_marks", _("Named in the description")
    SUBJECT = "subject", _("Subject of the description")
    CONCEPTS = "concepts", _("Concepts in the description")
    OPENING = "opening", _("Opening words of the description")


class Course(models.Model):
    """A learning resource that can be studied, with the text by which people find it.

    ``title`` is derived from the description where the source has none; ``title_source`` says how
    (docs/decisions/0030-course-titles.md).
    """

    code = models.CharField(max_length=120, unique=True, help_text="the platform's course id")
    title = models.CharField(max_length=120)
    title_source = models.CharField(max_length=20, choices=TitleSource)
    school = models.ForeignKey(School, models.PROTECT, related_name="courses")
    teachers = models.ManyToManyField(Teacher, through="CourseTeacher", related_name="courses")
    description = models.TextField()
    discipline = models.ForeignKey(Discipline, models.PROTECT, null=True, related_name="courses")
    licence = models.CharField(max_length=40)
    source = models.CharField(max_length=200, help_text="where the description comes from")
    updated_at = models.DateTimeField(
        auto_now=True, help_text="for audit and the lake's extraction"
    )

    class Meta:
        indexes = [
            models.Index(fields=["title", "id"]),
            models.Index(fields=["updated_at"]),
        ]


class CourseTeacher(models.Model):
    """A teacher of a course, in the order in which the course names them."""

    course = models.ForeignKey(Course, models.CASCADE)
    teacher = models.ForeignKey(Teacher, models.PROTECT)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(name="course_teacher_once", fields=["course", "teacher"]),
        ]


class CourseConcept(models.Model):
    """A concept that occurs in a course's description, and how often."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="mentions")
    concept = models.ForeignKey(Concept, models.PROTECT, related_name="mentions")
    occurrences = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="course_concept_once", fields=["course", "concept"]),
        ]
