import csv
import doctest
from collections import Counter

import pytest

from tests.catalog.test_search import entry, publish
from xueqiao.catalog import exports, mooccube, queries, resources, rules, titles
from xueqiao.catalog.models import (
    Concept,
    Course,
    CourseConcept,
    CourseTeacher,
    Prerequisite,
    School,
)


def rows(name):
    with (mooccube.FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("module", [rules, titles])
def test_the_examples_in_the_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0


class TestTheSample:
    @pytest.fixture(autouse=True)
    def _loaded(self, catalogue, django_db_blocker):
        self.counts = catalogue
        with django_db_blocker.unblock():
            yield

    def test_it_agrees_with_a_recount_of_the_files(self):
        courses = rows("course_descriptions_zh.csv")
        assert dict(Course.objects.values_list("code", "description")) == {
            row["course_id"]: row["description"].strip() for row in courses
        }
        concepts = {row["concept"] for row in rows("concept_discipline.csv")}
        assert set(Concept.objects.values_list("name", flat=True)) == concepts
        pairs = {
            (row["concept"], row["related_concept"]) for row in rows("concept_prerequisites.csv")
        }
        assert set(Prerequisite.objects.values_list("concept__name", "needs__name")) == pairs
        taught = sum(
            len({n.strip() for n in row["teachers"].split(";") if n.strip()}) for row in courses
        )
        assert CourseTeacher.objects.count() == taught
        assert self.counts == mooccube.Counts(
            706, len(concepts), len(pairs), self.counts.mentions, 706
        )

    def test_mentions_are_real_occurrences(self):
        for mention in CourseConcept.objects.select_related("course", "concept").order_by("pk")[
            :3000
        ]:
            text = rules.fold(mention.course.description)
            assert text.count(rules.fold(mention.concept.name)) >= mention.occurrences > 0
        tallied = Counter(CourseConcept.objects.values_list("concept__name", flat=True))
        assert (
            dict(Concept.objects.filter(course_count__gt=0).values_list("name", "course_count"))
            == tallied
        )

    def test_titles_come_from_the_text(self):
        for course in Course.objects.all():
            assert 0 < len(course.title) <= titles.LONGEST
            parts = (
                course.title.rstrip("…").split("、")
                if course.title_source == "concepts"
                else [course.title.rstrip("…")]
            )
            text = rules.fold(" ".join(course.description.split()))
            assert all(rules.fold(part) in text for part in parts), course.title

    def test_most_disciplines_are_what_the_title_says(self):
        named = {
            "线性代数": "数学",
            "数据结构": "计算机科学技术",
            "积极心理学": "心理学",
            "电磁学": "物理学",
        }
        for title, discipline in named.items():
            for course in Course.objects.filter(title=title).select_related("discipline"):
                assert course.discipline.name == discipline

    def test_a_second_load_changes_nothing(self, django_assert_max_num_queries):
        with django_assert_max_num_queries(8):
            again = mooccube.load()
        assert again.changed == 0
        assert again.mentions == self.counts.mentions

    def test_schools_have_their_names_where_known(self):
        assert School.objects.get(code="TsinghuaX").name == "清华大学"
        assert not School.objects.filter(name="").exists()

    def test_a_course_page_has_concepts_prerequisites_and_neighbours(
        self, django_assert_max_num_queries
    ):
        course = queries.course(
            Course.objects.filter(title="数据结构").order_by("code")[0].code
        ).get()
        with django_assert_max_num_queries(6):
            concepts = queries.concepts(course.pk)
            needed = queries.prerequisites(course.pk)
            similar = queries.similar(course.pk)
        own = set(CourseConcept.objects.filter(course=course).values_list("concept_id", flat=True))
        assert {concept.pk for concept in concepts} <= own
        assert {concept.pk for concept in needed}.isdisjoint(own)
        assert len(similar) == 6
        assert course.title not in {each.title for each in similar}
        assert any(
            "程序设计" in each.title or each.discipline.name == "计算机科学技术" for each in similar
        )

    def test_the_lake_gets_every_course(self):
        assert [row[0] for chunk in exports.COURSES.all() for row in chunk] == list(
            Course.objects.order_by("pk").values_list("pk", flat=True)
        )


@pytest.mark.django_db
def test_the_longest_term_wins_and_latin_terms_are_whole_words():
    fields = {
        "线性方程": ["数学"],
        "线性方程组": ["数学"],
        "方程": ["数学"],
        "IP地址": ["计算机"],
        "IP": ["计算机"],
    }
    assert resources.learn_terms(fields=fields, needs=[("线性方程组", "方程")]) == 5
    publish(entry("A", "代数", "解线性方程组，再解方程。IP地址不是 VIPs 地址，ip 也不是。"))
    assert dict(CourseConcept.objects.values_list("concept__name", "occurrences")) == {
        "线性方程组": 1,
        "方程": 1,
        "IP地址": 1,
        "IP": 1,
    }


@pytest.mark.django_db
def test_a_changed_description_changes_concepts_and_teachers_and_nothing_else():
    resources.learn_terms(fields={"矩阵": ["数学"], "向量": ["数学"]}, needs=[])
    publish(entry("A", "代数", "讲矩阵。"), entry("B", "几何", "讲向量。"))
    before = Course.objects.get(code="B").updated_at
    assert (
        publish(entry("A", "代数", "讲向量。", teachers=("李强",)), entry("B", "几何", "讲向量。"))
        == 1
    )
    assert set(CourseConcept.objects.values_list("course__code", "concept__name")) == {
        ("A", "向量"),
        ("B", "向量"),
    }
    assert [t.name for t in Course.objects.get(code="A").teachers.all()] == ["李强"]
    assert Course.objects.get(code="B").updated_at == before
