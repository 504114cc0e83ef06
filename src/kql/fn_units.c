/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fn_units.c - convert_length() and its kin: a value from one unit to another
 *
 * Each unit is so many of its kind's first one; temperatures have an offset, too.
 */
#include <math.h>
#include <string.h>

#include "base/near.h"
#include "kql/func.h"
#include "kql/sql.h"

struct unit {
	const char *name;
	double factor, offset; /* value * factor + offset of the first unit */
};

static const struct unit angle[] = {
	{ "Radian", 1, 0 },
	{ "Degree", M_PI / 180, 0 },
	{ "Arcminute", M_PI / 10800, 0 },
	{ "Arcsecond", M_PI / 648000, 0 },
	{ "Centiradian", 0.01, 0 },
	{ "Deciradian", 0.1, 0 },
	{ "Gradian", M_PI / 200, 0 },
	{ "Microdegree", M_PI / 180e6, 0 },
	{ "Microradian", 1e-06, 0 },
	{ "Millidegree", M_PI / 180e3, 0 },
	{ "Milliradian", 0.001, 0 },
	{ "Nanodegree", M_PI / 180e9, 0 },
	{ "Nanoradian", 1e-09, 0 },
	{ "Revolution", 2 * M_PI, 0 },
	{ NULL, 0, 0 },
};
static const struct unit energy[] = {
	{ "Joule", 1, 0 },
	{ "BritishThermalUnit", 1055.05585262, 0 },
	{ "Calorie", 4.184, 0 },
	{ "DecathermEc", 1055055852.62, 0 },
	{ "DecathermImperial", 1055055852.57348, 0 },
	{ "DecathermUs", 1054804000.0, 0 },
	{ "ElectronVolt", 1.602176565e-19, 0 },
	{ "Erg", 1e-07, 0 },
	{ "FootPound", 1.355817948, 0 },
	{ "GigabritishThermalUnit", 1055055852620.0, 0 },
	{ "GigaelectronVolt", 1.602176565e-10, 0 },
	{ "Gigajoule", 1000000000.0, 0 },
	{ "GigawattDay", 86400000000000.0, 0 },
	{ "GigawattHour", 3600000000000.0, 0 },
	{ "HorsepowerHour", 2684519.5377, 0 },
	{ "KilobritishThermalUnit", 1055055.85262, 0 },
	{ "Kilocalorie", 4184, 0 },
	{ "KiloelectronVolt", 1.602176565e-16, 0 },
	{ "Kilojoule", 1000.0, 0 },
	{ "KilowattDay", 86400000.0, 0 },
	{ "KilowattHour", 3600000.0, 0 },
	{ "MegabritishThermalUnit", 1055055852.62, 0 },
	{ "Megacalorie", 4184000.0, 0 },
	{ "MegaelectronVolt", 1.602176565e-13, 0 },
	{ "Megajoule", 1000000.0, 0 },
	{ "MegawattDay", 86400000000.0, 0 },
	{ "MegawattHour", 3600000000.0, 0 },
	{ "Millijoule", 0.001, 0 },
	{ "TeraelectronVolt", 1.602176565e-07, 0 },
	{ "TerawattDay", 8.64e+16, 0 },
	{ "TerawattHour", 3600000000000000.0, 0 },
	{ "ThermEc", 105505585.262, 0 },
	{ "ThermImperial", 105505585.257348, 0 },
	{ "ThermUs", 105480400.0, 0 },
	{ "WattDay", 86400, 0 },
	{ "WattHour", 3600, 0 },
	{ NULL, 0, 0 },
};
static const struct unit force[] = {
	{ "Newton", 1, 0 },
	{ "Decanewton", 10, 0 },
	{ "Kilonewton", 1000.0, 0 },
	{ "Meganewton", 1000000.0, 0 },
	{ "Micronewton", 1e-06, 0 },
	{ "Millinewton", 0.001, 0 },
	{ "Dyn", 1e-05, 0 },
	{ "KilogramForce", 9.80665, 0 },
	{ "KiloPond", 9.80665, 0 },
	{ "KilopoundForce", 4448.2216152605, 0 },
	{ "OunceForce", 0.2780138509537812, 0 },
	{ "Poundal", 0.138254954376, 0 },
	{ "PoundForce", 4.4482216152605, 0 },
	{ "ShortTonForce", 8896.443230521, 0 },
	{ "TonneForce", 9806.65, 0 },
	{ NULL, 0, 0 },
};
static const struct unit length[] = {
	{ "Meter", 1, 0 },
	{ "Angstrom", 1e-10, 0 },
	{ "AstronomicalUnit", 149597870700.0, 0 },
	{ "Centimeter", 0.01, 0 },
	{ "Chain", 20.1168, 0 },
	{ "DataMile", 1828.8, 0 },
	{ "Decameter", 10, 0 },
	{ "Decimeter", 0.1, 0 },
	{ "DtpPica", 0.0254 / 6, 0 },
	{ "DtpPoint", 0.0254 / 72, 0 },
	{ "Fathom", 1.8288, 0 },
	{ "Foot", 0.3048, 0 },
	{ "Hand", 0.1016, 0 },
	{ "Hectometer", 100, 0 },
	{ "Inch", 0.0254, 0 },
	{ "KilolightYear", 9.46073047258e+18, 0 },
	{ "Kilometer", 1000.0, 0 },
	{ "Kiloparsec", 3.08567758128e+19, 0 },
	{ "LightYear", 9460730472580000.0, 0 },
	{ "MegalightYear", 9.46073047258e+21, 0 },
	{ "Megaparsec", 3.08567758128e+22, 0 },
	{ "Microinch", 2.54e-08, 0 },
	{ "Micrometer", 1e-06, 0 },
	{ "Mil", 2.54e-05, 0 },
	{ "Mile", 1609.344, 0 },
	{ "Millimeter", 0.001, 0 },
	{ "Nanometer", 1e-09, 0 },
	{ "NauticalMile", 1852, 0 },
	{ "Parsec", 3.08567758128e+16, 0 },
	{ "PrinterPica", 0.0254 * 0.166044, 0 },
	{ "PrinterPoint", 0.0254 / 72.27, 0 },
	{ "Shackle", 27.432, 0 },
	{ "SolarRadius", 695510000.0, 0 },
	{ "Twip", 0.0254 / 1440, 0 },
	{ "UsSurveyFoot", 1200.0 / 3937, 0 },
	{ "Yard", 0.9144, 0 },
	{ NULL, 0, 0 },
};
static const struct unit mass[] = {
	{ "Kilogram", 1, 0 },
	{ "Centigram", 1e-05, 0 },
	{ "Decagram", 0.01, 0 },
	{ "Decigram", 0.0001, 0 },
	{ "EarthMass", 5.9722e+24, 0 },
	{ "Grain", 6.479891e-05, 0 },
	{ "Gram", 0.001, 0 },
	{ "Hectogram", 0.1, 0 },
	{ "Kilopound", 453.59237, 0 },
	{ "Kilotonne", 1000000.0, 0 },
	{ "LongHundredweight", 50.80234544, 0 },
	{ "LongTon", 1016.0469088, 0 },
	{ "Megapound", 453592.37, 0 },
	{ "Megatonne", 1000000000.0, 0 },
	{ "Microgram", 1e-09, 0 },
	{ "Milligram", 1e-06, 0 },
	{ "Nanogram", 1e-12, 0 },
	{ "Ounce", 0.028349523125, 0 },
	{ "Pound", 0.45359237, 0 },
	{ "ShortHundredweight", 45.359237, 0 },
	{ "ShortTon", 907.18474, 0 },
	{ "Slug", 14.593902937206, 0 },
	{ "SolarMass", 1.98947e+30, 0 },
	{ "Stone", 6.35029318, 0 },
	{ "Tonne", 1000.0, 0 },
	{ NULL, 0, 0 },
};
static const struct unit speed[] = {
	{ "MeterPerSecond", 1, 0 },
	{ "MeterPerMinute", 1 / 60.0, 0 },
	{ "MeterPerHour", 1 / 3600.0, 0 },
	{ "CentimeterPerSecond", 1e-2, 0 },
	{ "CentimeterPerMinute", 1e-2 / 60.0, 0 },
	{ "CentimeterPerHour", 1e-2 / 3600.0, 0 },
	{ "DecimeterPerSecond", 1e-1, 0 },
	{ "DecimeterPerMinute", 1e-1 / 60.0, 0 },
	{ "DecimeterPerHour", 1e-1 / 3600.0, 0 },
	{ "FootPerSecond", 0.3048, 0 },
	{ "FootPerMinute", 0.3048 / 60.0, 0 },
	{ "FootPerHour", 0.3048 / 3600.0, 0 },
	{ "InchPerSecond", 0.0254, 0 },
	{ "InchPerMinute", 0.0254 / 60.0, 0 },
	{ "InchPerHour", 0.0254 / 3600.0, 0 },
	{ "KilometerPerSecond", 1e3, 0 },
	{ "KilometerPerMinute", 1e3 / 60.0, 0 },
	{ "KilometerPerHour", 1e3 / 3600.0, 0 },
	{ "MicrometerPerSecond", 1e-6, 0 },
	{ "MicrometerPerMinute", 1e-6 / 60.0, 0 },
	{ "MicrometerPerHour", 1e-6 / 3600.0, 0 },
	{ "MillimeterPerSecond", 1e-3, 0 },
	{ "MillimeterPerMinute", 1e-3 / 60.0, 0 },
	{ "MillimeterPerHour", 1e-3 / 3600.0, 0 },
	{ "NanometerPerSecond", 1e-9, 0 },
	{ "NanometerPerMinute", 1e-9 / 60.0, 0 },
	{ "NanometerPerHour", 1e-9 / 3600.0, 0 },
	{ "UsSurveyFootPerSecond", 1200.0 / 3937, 0 },
	{ "UsSurveyFootPerMinute", 1200.0 / 3937 / 60.0, 0 },
	{ "UsSurveyFootPerHour", 1200.0 / 3937 / 3600.0, 0 },
	{ "YardPerSecond", 0.9144, 0 },
	{ "YardPerMinute", 0.9144 / 60.0, 0 },
	{ "YardPerHour", 0.9144 / 3600.0, 0 },
	{ "MilePerHour", 1609.344 / 3600.0, 0 },
	{ "Knot", 1852 / 3600.0, 0 },
	{ NULL, 0, 0 },
};
static const struct unit volume[] = {
	{ "CubicMeter", 1, 0 },
	{ "AcreFoot", 1 / 0.000810714, 0 },
	{ "AuTablespoon", 2e-05, 0 },
	{ "BoardFoot", 0.0023597372158, 0 },
	{ "Centiliter", 1e-05, 0 },
	{ "CubicCentimeter", 1e-06, 0 },
	{ "CubicDecimeter", 0.001, 0 },
	{ "CubicFoot", 0.028316846592, 0 },
	{ "CubicHectometer", 1000000.0, 0 },
	{ "CubicInch", 1.6387064e-05, 0 },
	{ "CubicKilometer", 1000000000.0, 0 },
	{ "CubicMicrometer", 1e-18, 0 },
	{ "CubicMile", 4168181825.44058, 0 },
	{ "CubicMillimeter", 1e-09, 0 },
	{ "CubicYard", 0.764554857984, 0 },
	{ "Decaliter", 0.01, 0 },
	{ "DecausGallon", 0.03785411784, 0 },
	{ "Deciliter", 0.0001, 0 },
	{ "DeciusGallon", 0.0003785411784, 0 },
	{ "HectocubicFoot", 2.8316846592, 0 },
	{ "HectocubicMeter", 100, 0 },
	{ "Hectoliter", 0.1, 0 },
	{ "HectousGallon", 0.3785411784, 0 },
	{ "ImperialBeerBarrel", 0.16365924, 0 },
	{ "ImperialGallon", 0.00454609, 0 },
	{ "ImperialOunce", 2.84130625e-05, 0 },
	{ "ImperialPint", 0.00056826125, 0 },
	{ "KilocubicFoot", 28.316846592, 0 },
	{ "KilocubicMeter", 1000.0, 0 },
	{ "KiloimperialGallon", 4.54609, 0 },
	{ "Kiloliter", 1, 0 },
	{ "KilousGallon", 3.785411784, 0 },
	{ "Liter", 0.001, 0 },
	{ "MegacubicFoot", 28316.846592, 0 },
	{ "MegaimperialGallon", 4546.09, 0 },
	{ "Megaliter", 1000.0, 0 },
	{ "MegausGallon", 3785.411784, 0 },
	{ "MetricCup", 0.00025, 0 },
	{ "MetricTeaspoon", 5e-06, 0 },
	{ "Microliter", 1e-09, 0 },
	{ "Milliliter", 1e-06, 0 },
	{ "OilBarrel", 0.158987294928, 0 },
	{ "UkTablespoon", 1.5e-05, 0 },
	{ "UsBeerBarrel", 0.117347765304, 0 },
	{ "UsGallon", 0.003785411784, 0 },
	{ "UsLegalCup", 0.00024, 0 },
	{ "UsOunce", 2.95735295625e-05, 0 },
	{ "UsPint", 0.000473176473, 0 },
	{ "UsQuart", 0.000946352946, 0 },
	{ "UsTablespoon", 1.478676478125e-05, 0 },
	{ "UsTeaspoon", 4.92892159375e-06, 0 },
	{ NULL, 0, 0 },
};
/* as Kelvin */
static const struct unit temperature[] = {
	{ "Kelvin", 1, 0 },
	{ "DegreeCelsius", 1, 273.15 },
	{ "DegreeDelisle", -2 / 3.0, 373.15 },
	{ "DegreeFahrenheit", 5 / 9.0, 459.67 * 5 / 9 },
	{ "DegreeRankine", 5 / 9.0, 0 },
	{ "DegreeReaumur", 5 / 4.0, 273.15 },
	{ "DegreeRoemer", 40 / 21.0, 273.15 - 7.5 * 40 / 21 },
	{ "MillidegreeCelsius", 1e-3, 273.15 },
	{ "SolarTemperature", 5778, 0 },
	{ NULL, 0, 0 },
};

static const struct unit *find(struct sql *s, const struct unit *units, const struct bx *x)
{
	struct near near = { .word = x->s };

	for (const struct unit *u = units; u->name; u++) {
		if (!strcmp(u->name, x->s))
			return u;
		near_offer(&near, u->name);
	}
	diag_add(s->planner.diags, DIAG_VALUE, x->span, "there is no unit '%.60s' of this kind",
		 x->s);
	diag_suggest(s->planner.diags, near.best);
	return NULL;
}

static void convert(struct sql *s, const struct bx *x, const struct unit *units)
{
	const struct unit *from = find(s, units, x->args[1]), *to = find(s, units, x->args[2]);

	if (!from || !to)
		return;
	sql_put(s, "((");
	sql_expr(s, x->args[0]);
	sql_printf(s, " * %.17g + (%.17g)) / %.17g)", from->factor, from->offset - to->offset,
		   to->factor);
}

static void emit_angle(struct sql *s, const struct bx *x)
{
	convert(s, x, angle);
}

static void emit_energy(struct sql *s, const struct bx *x)
{
	convert(s, x, energy);
}

static void emit_force(struct sql *s, const struct bx *x)
{
	convert(s, x, force);
}

static void emit_length(struct sql *s, const struct bx *x)
{
	convert(s, x, length);
}

static void emit_mass(struct sql *s, const struct bx *x)
{
	convert(s, x, mass);
}

static void emit_speed(struct sql *s, const struct bx *x)
{
	convert(s, x, speed);
}

static void emit_volume(struct sql *s, const struct bx *x)
{
	convert(s, x, volume);
}

static void emit_temperature(struct sql *s, const struct bx *x)
{
	convert(s, x, temperature);
}

/* clang-format off */
static const struct func items[] = {
	{ "convert_angle(value: real, from: string!, to: string!) real", NULL, "The angle in another unit.", 0, emit_angle },
	{ "convert_energy(value: real, from: string!, to: string!) real", NULL, "The energy in another unit.", 0, emit_energy },
	{ "convert_force(value: real, from: string!, to: string!) real", NULL, "The force in another unit.", 0, emit_force },
	{ "convert_length(value: real, from: string!, to: string!) real", NULL, "The length in another unit.", 0, emit_length },
	{ "convert_mass(value: real, from: string!, to: string!) real", NULL, "The mass in another unit.", 0, emit_mass },
	{ "convert_speed(value: real, from: string!, to: string!) real", NULL, "The speed in another unit.", 0, emit_speed },
	{ "convert_volume(value: real, from: string!, to: string!) real", NULL, "The volume in another unit.", 0, emit_volume },
	{ "convert_temperature(value: real, from: string!, to: string!) real", NULL, "The temperature in another unit.", 0, emit_temperature },
};
/* clang-format on */
const struct func_family fn_units = { "Units", items, ARRAY_SIZE(items) };
