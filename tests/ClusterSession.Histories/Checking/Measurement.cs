using System.Globalization;

namespace ClusterSession.Histories.Checking;

public sealed record Measurement(string Name, double Value, string Unit = "")
{
    public override string ToString() =>
        $"{Name} = {Value.ToString("0.####", CultureInfo.InvariantCulture)}{(Unit.Length == 0 ? "" : " " + Unit)}";
}
