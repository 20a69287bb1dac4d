"""Invented people: what a real export carries and the ingest must drop."""

# Only letters that Windows-1252 has.
LAST_NAMES = (
    "Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker",
    "Schulz", "Hoffmann", "Schäfer", "Koch", "Bauer", "Richter", "Klein", "Wolf",
    "Schröder", "Neumann", "Schwarz", "Zimmermann", "Braun", "Krüger", "Hofmann",
    "Hartmann", "Lange", "Krause", "Werner", "Lehmann", "Köhler", "Maier", "König",
    "Huber", "Kaiser", "Fuchs", "Weiß", "Jung", "Hahn", "Vogel", "Keller", "Günther",
    "Öztürk", "Yilmaz", "Kowalski", "Nguyen", "Popescu", "Haddad", "Rossi", "Novák",
    "Jovanovic", "Silva", "Kim", "Özdemir", "Begic", "Groß", "Böhm", "Sommer", "Thiel",
)  # fmt: skip
_FIRST_NAMES = (
    "Anna", "Ben", "Clara", "David", "Emma", "Finn", "Greta", "Hannes", "Ida", "Jonas",
    "Käthe", "Leon", "Mia", "Noah", "Olga", "Paul", "Rosa", "Samir", "Thea", "Uwe",
    "Vera", "Wilhelm", "Yara", "Zoe", "Ayse", "Jörg", "Björn", "Renée", "Günter",
)  # fmt: skip
NAMES = tuple(f"{last}, {first}" for last in LAST_NAMES for first in _FIRST_NAMES)
CLERKS = tuple(
    f"{title} {last}" for last in LAST_NAMES[:24] for title in ("Frau", "Herr")
)
STREETS = (
    "Gartenstraße", "Lindenallee", "Am Mühlbach", "Schloßgasse", "Ährenweg",
    "Bahnhofstraße", "Kirchplatz", "Übergasse", "Talstraße", "Brückenstraße",
)  # fmt: skip
