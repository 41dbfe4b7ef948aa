"""Some of everything that commands have Spark do, so that the JVM loads the classes which it then archives at set-up.

A whole night in its place takes twice as long, and commands are no sooner for it.
"""

from __future__ import annotations

import tempfile

from pyspark.sql import Window
from pyspark.sql import functions as F

from jobs import ddl, session
from jobs.settings import SparkSettings
from jobs.storage import Lake
from jobs.tables import Table

_TABLE = Table(
    "silver/some", "one row an id", ("id",), ddl.schema("id bigint, name string, day date, parts array<string>")
)


def main() -> None:
    """Read and write files and a table of Delta's; join, rank, aggregate; to Python and back."""
    spark = session.start(SparkSettings())
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(spark, folder)
        lake.files.create(f"{folder}/some.csv", b"id,name,day,parts\n1,a,2026-01-01,x;y\n2,a,2026-01-02,z\n3,b,,\n")
        read = spark.read.csv(f"{folder}/some.csv", header=True, schema="id long, name string, day date, parts string")
        frame = read.mapInArrow(lambda batches: batches, read.schema).withColumn("parts", F.split("parts", ";"))
        lake.write(_TABLE, frame)
        lake.write(_TABLE, frame, "name = 'a' or name = 'b'")
        lake.remove(_TABLE, "id = 3")
        table = lake.keep(lake.read(_TABLE))
        newest = table.withColumn("place", F.row_number().over(Window.partitionBy("name").orderBy(F.desc("day"))))
        counted = table.groupBy("name").agg(F.count_distinct("id").alias("ids"), F.collect_set("day").alias("days"))
        joined = newest.join(counted, "name").join(F.broadcast(table), "id", "left_anti").unionByName(newest, True)
        joined.select("*", F.explode("parts")).orderBy("id").toArrow()
    spark.stop()


if __name__ == "__main__":
    main()
