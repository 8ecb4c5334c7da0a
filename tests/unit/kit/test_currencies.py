from kit.currencies import CURRENCIES, UNUSUAL_DECIMALS, decimals_of


def test_minor_units_are_hundredths_but_for_these_of_iso_4217() -> None:
    assert UNUSUAL_DECIMALS.keys() <= CURRENCIES
    decimals = {code: decimals_of(code) for code in CURRENCIES}
    assert {code for code, digits in decimals.items() if digits == 0} == {
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"),
        *("PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"),
    }
    assert {code for code, digits in decimals.items() if digits == 3} == {
        *("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
    }
    assert set(decimals.values()) == {0, 2, 3}
