using System.Globalization;
using System.Net;
using System.Text;

namespace ClusterSession.MacroBenchmarks.Results;

/// <summary>
/// Groups of horizontal bars as SVG, readable on light and dark pages: transparent, with colours
/// that the reader's scheme chooses.
/// </summary>
/// <param name="Title">What is shown, with its unit.</param>
/// <param name="Groups">Title of each group and its bars; a bar without a value says why.</param>
internal sealed record BarChart(string Title, IReadOnlyList<BarChart.Group> Groups)
{
    private const int Width = 860;
    private const int LabelWidth = 235;
    private const int BarHeight = 18;
    private const int BarWidth = Width - LabelWidth - 90;

    /// <summary>
    /// A bar many times as long as most others would make dots of them; past this multiple of the
    /// median it is cut and marked.
    /// </summary>
    private const double MaxMedians = 4;

    /// <summary>Bars that share a scale.</summary>
    internal sealed record Group(string Title, IReadOnlyList<Bar> Bars);

    /// <summary>One bar; the whisker shows the lowest and the highest round.</summary>
    internal sealed record Bar(string Label, double Value, double Lowest, double Highest, string Text, BarKind Kind);

    /// <summary>
    /// What a bar is to the reader: this project, what it is compared with, the limit for all of
    /// them.
    /// </summary>
    internal enum BarKind
    {
        Ours,
        Peer,
        Limit,
    }

    public string ToSvg()
    {
        var svg = new StringBuilder();
        var y = 52;
        foreach (var group in Groups)
        {
            Line(svg, $"<text class=\"group\" x=\"0\" y=\"{y}\">{Escape(group.Title)}</text>");
            y += 10;
            var end = EndOfScale(group);
            foreach (var bar in group.Bars)
            {
                AddBar(svg, bar, y, end);
                y += BarHeight + 5;
            }

            y += 26;
        }

        return $$"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{Width}} {{y
                - 10}}" width="{{Width}}" role="img" aria-label="{{Escape(Title)}}">
            <style>
            text { font: 13px system-ui, sans-serif; fill: #1f2328; }
            .title { font-size: 16px; font-weight: 600; } .group, .name-ours { font-weight: 600; }
            .ours { fill: #1a7f5a; } .peer { fill: #9aa4af; } .limit { fill: #c3cad1; } .whisker { stroke: #1f2328; stroke-width: 1.5; opacity: .65; }
            .cut { stroke: #ffffff; stroke-width: 3; }
            @media (prefers-color-scheme: dark) {
            text { fill: #e6edf3; } .ours { fill: #3fb68b; } .peer { fill: #6b7681; } .limit { fill: #4a525b; } .whisker { stroke: #e6edf3; } .cut { stroke: #0d1117; }
            }
            </style>
            <text class="title" x="0" y="20">{{Escape(Title)}}</text>
            {{svg}}</svg>

            """;
    }

    private static double EndOfScale(Group group)
    {
        var values = group.Bars.Select(bar => bar.Value).Where(value => !double.IsNaN(value)).Order().ToArray();
        if (values.Length == 0)
        {
            return 0;
        }

        var longest = group.Bars.Where(bar => !double.IsNaN(bar.Highest)).Max(bar => bar.Highest);
        var most = MaxMedians * values[values.Length / 2];
        // Only peers are cut: what this project costs, and how far it is from the limit, must be
        // seen as it is.
        return Math.Max(
            Math.Min(longest, most),
            group
                .Bars.Where(bar => bar.Kind != BarKind.Peer && !double.IsNaN(bar.Highest))
                .Select(bar => bar.Highest)
                .DefaultIfEmpty(0)
                .Max()
        );
    }

    private static void AddBar(StringBuilder svg, Bar bar, int y, double end)
    {
        var textY = y + BarHeight - 5;
        var kind = bar.Kind switch
        {
            BarKind.Ours => "ours",
            BarKind.Limit => "limit",
            _ => "peer",
        };
        Line(
            svg,
            $"<text class=\"name-{kind}\" x=\"{LabelWidth - 10}\" y=\"{textY}\" text-anchor=\"end\">{Escape(bar.Label)}</text>"
        );
        if (double.IsNaN(bar.Value) || end <= 0)
        {
            Line(svg, $"<text x=\"{LabelWidth}\" y=\"{textY}\">{Escape(bar.Text)}</text>");
            return;
        }

        var width = Scale(bar.Value);
        Line(
            svg,
            $"<rect class=\"{kind}\" x=\"{LabelWidth}\" y=\"{y}\" width=\"{width:0.#}\" height=\"{BarHeight}\" rx=\"2\"/>"
        );
        if (bar.Value > end)
        {
            var at = LabelWidth + width - 24;
            Line(
                svg,
                $"<path class=\"cut\" d=\"M{at} {y + BarHeight + 2}l6 -{BarHeight + 4}m6 0l-6 {BarHeight + 4}\"/>"
            );
        }
        else
        {
            var middle = y + (BarHeight / 2);
            Line(
                svg,
                $"<line class=\"whisker\" x1=\"{LabelWidth + Scale(bar.Lowest):0.#}\" x2=\"{LabelWidth + Scale(bar.Highest):0.#}\" y1=\"{middle}\" y2=\"{middle}\"/>"
            );
        }

        Line(
            svg,
            $"<text x=\"{LabelWidth + Math.Max(width, Scale(bar.Highest)) + 6:0.#}\" y=\"{textY}\">{Escape(bar.Text)}</text>"
        );

        double Scale(double value) => Math.Min(value / end, 1) * BarWidth;
    }

    private static void Line(StringBuilder svg, FormattableString text) =>
        svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
