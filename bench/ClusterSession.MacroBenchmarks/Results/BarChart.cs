using System.Globalization;
using System.Net;
using System.Text;

namespace ClusterSession.MacroBenchmarks.Results;

/// <summary>Groups of horizontal bars as SVG, readable on light and dark pages: transparent, with colours that the reader's scheme chooses.</summary>
/// <param name="Title">What is shown, with its unit.</param>
/// <param name="Groups">Title of each group and its bars; a bar without a value says why.</param>
internal sealed record BarChart(string Title, IReadOnlyList<BarChart.Group> Groups)
{
    private const int Width = 860;
    private const int LabelWidth = 210;
    private const int BarHeight = 18;
    private const int BarWidth = Width - LabelWidth - 90;

    /// <summary>Bars that share a scale.</summary>
    internal sealed record Group(string Title, IReadOnlyList<Bar> Bars);

    /// <summary>One bar; the whisker shows the lowest and the highest round.</summary>
    internal sealed record Bar(string Label, double Value, double Lowest, double Highest, string Text, bool IsOurs);

    public string ToSvg()
    {
        var svg = new StringBuilder();
        var y = 52;
        foreach (var group in Groups)
        {
            Line(svg, $"<text class=\"group\" x=\"0\" y=\"{y}\">{Escape(group.Title)}</text>");
            y += 10;
            var longest = group.Bars.Max(bar => double.IsNaN(bar.Highest) ? 0 : bar.Highest);
            foreach (var bar in group.Bars)
            {
                AddBar(svg, bar, y, longest);
                y += BarHeight + 5;
            }

            y += 26;
        }

        return $$"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{Width}} {{y - 10}}" width="{{Width}}" role="img" aria-label="{{Escape(Title)}}">
            <style>
            text { font: 13px system-ui, sans-serif; fill: #1f2328; }
            .title { font-size: 16px; font-weight: 600; } .group { font-weight: 600; }
            .ours { fill: #1a7f5a; } .other { fill: #9aa4af; } .whisker { stroke: #1f2328; stroke-width: 1.5; opacity: .65; }
            @media (prefers-color-scheme: dark) {
            text { fill: #e6edf3; } .ours { fill: #3fb68b; } .other { fill: #6b7681; } .whisker { stroke: #e6edf3; }
            }
            </style>
            <text class="title" x="0" y="20">{{Escape(Title)}}</text>
            {{svg}}</svg>

            """;
    }

    private static void AddBar(StringBuilder svg, Bar bar, int y, double longest)
    {
        var textY = y + BarHeight - 5;
        Line(svg, $"<text x=\"{LabelWidth - 10}\" y=\"{textY}\" text-anchor=\"end\">{Escape(bar.Label)}</text>");
        if (double.IsNaN(bar.Value) || longest <= 0)
        {
            Line(svg, $"<text x=\"{LabelWidth}\" y=\"{textY}\">{Escape(bar.Text)}</text>");
            return;
        }

        var width = Scale(bar.Value);
        Line(svg, $"<rect class=\"{(bar.IsOurs ? "ours" : "other")}\" x=\"{LabelWidth}\" y=\"{y}\" width=\"{width:0.#}\" height=\"{BarHeight}\" rx=\"2\"/>");
        Line(svg, $"<line class=\"whisker\" x1=\"{LabelWidth + Scale(bar.Lowest):0.#}\" x2=\"{LabelWidth + Scale(bar.Highest):0.#}\" y1=\"{y + (BarHeight / 2)}\" y2=\"{y + (BarHeight / 2)}\"/>");
        Line(svg, $"<text x=\"{LabelWidth + Math.Max(width, Scale(bar.Highest)) + 6:0.#}\" y=\"{textY}\">{Escape(bar.Text)}</text>");

        double Scale(double value) => value / longest * BarWidth;
    }

    private static void Line(StringBuilder svg, FormattableString text) => svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
